"""Loss terms and the likelihood; they know no model."""
