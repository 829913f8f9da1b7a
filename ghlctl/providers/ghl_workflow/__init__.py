"""HighLevel's workflow webhook: unsigned, snake_case, written for people rather than programs."""
