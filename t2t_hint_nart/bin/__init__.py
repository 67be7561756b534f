"""The `t2t-*` commands, one module each."""
