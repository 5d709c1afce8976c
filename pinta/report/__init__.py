"""Reports: experiments gathered, compared, and written for people and programs."""
