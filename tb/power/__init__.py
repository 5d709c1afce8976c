"""Energy of the synthesized machine under programs that it really runs."""
