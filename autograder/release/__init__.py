"""From the instructor's masters to what students get."""
