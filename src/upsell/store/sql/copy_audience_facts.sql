-- Put facts of payers down.
copy audience_facts from stdin
