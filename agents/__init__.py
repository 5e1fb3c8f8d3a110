"""The agents: who answers, what they may use, and what policy says about it."""
