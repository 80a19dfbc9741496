package api

import (
	"container/list"
	"sync"
)

const cacheBytes = 64 << 20

// cache keeps the bodies that were sent last, by ETag. Bodies are shared: nobody may change one.
type cache struct {
	mu     sync.Mutex
	most   int // bytes
	held   int
	byUse  *list.List // of kept, the latest used in front
	bodies map[string]*list.Element
}

type kept struct {
	tag  string
	body []byte
}

func newCache(most int) *cache {
	return &cache{most: most, byUse: list.New(), bodies: map[string]*list.Element{}}
}

func (c *cache) get(tag string) ([]byte, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	element, ok := c.bodies[tag]
	if !ok {
		return nil, false
	}
	c.byUse.MoveToFront(element)
	return element.Value.(kept).body, true
}

// put keeps a body, unless it alone would take a quarter of the room.
func (c *cache) put(tag string, body []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.bodies[tag]; ok || cap(body) > c.most/4 {
		return
	}
	c.bodies[tag] = c.byUse.PushFront(kept{tag, body})
	c.held += cap(body)
	for c.held > c.most {
		old := c.byUse.Remove(c.byUse.Back()).(kept)
		delete(c.bodies, old.tag)
		c.held -= cap(old.body)
	}
}
