"""What runs inside pods: outcomes, their codec, replays. Standard library only."""
