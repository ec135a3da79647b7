"""What a schema means: the roles of its columns, its times, joins, values and derived measures."""
