"""The leaderboards: who earned, has and gave most. Being shown is everybody's own choice."""
