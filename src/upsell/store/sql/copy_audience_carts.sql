-- Put what rules read of carts down.
copy audience_carts from stdin
