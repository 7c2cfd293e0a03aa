> f echo early; cat f; < f cat
