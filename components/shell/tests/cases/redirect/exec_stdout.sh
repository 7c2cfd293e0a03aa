exec > f; echo hidden; exec >&2; cat f >&2
