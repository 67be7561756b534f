"""An experiment from data to report: its stages, tables and figures."""
