"""What keeps us from trading: limits, breaker, alarms, and the two gates that every order passes."""
