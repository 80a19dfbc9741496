package sim

// cache keeps what would be computed again alike, at most so many. When it is full it starts anew.
type cache[K comparable, V any] struct {
	most int
	kept map[K]V
}

func newCache[K comparable, V any](most int) cache[K, V] { return cache[K, V]{most, map[K]V{}} }

func (c *cache[K, V]) get(k K) (V, bool) {
	v, ok := c.kept[k]
	return v, ok
}

func (c *cache[K, V]) put(k K, v V) {
	if len(c.kept) >= c.most {
		clear(c.kept)
	}
	c.kept[k] = v
}
