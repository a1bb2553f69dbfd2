-- Records of up to so many units of one kind, any.
select state from units where unit_id like %(like)s limit %(limit)s
