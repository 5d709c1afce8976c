"""What reports say: tables in which every number has a unit and a source."""
