"""What an operator watches: signs, the alarms that they raise, and the figures for a monitor."""
