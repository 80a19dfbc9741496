package host

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// route is one HTTP function's path and methods with what answers there.
type route struct {
	*function
	handler http.Handler
}

// router finds the HTTP function of a request as the Functions host does: a literal segment before a {name}, that before
// {*name}, letter case of literals does not matter, nothing is redirected. http.ServeMux would redirect unclean paths.
type router []route

// newRouter takes the HTTP functions; wrap puts around each handler what every request needs.
func newRouter(functions []*function, wrap func(*function, http.Handler) http.Handler) router {
	var routes router
	for _, f := range functions {
		if f.Trigger == HTTP {
			routes = append(routes, route{f, wrap(f, f.handler)})
		}
	}
	slices.SortStableFunc(routes, func(a, b route) int {
		return slices.Compare(ranks(a.Route), ranks(b.Route))
	})
	return routes
}

func (r router) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	allowed := map[string]bool{}
	for _, route := range r {
		if !matches(route.Route, request.URL.EscapedPath()) {
			continue
		}
		if slices.Contains(route.Methods, request.Method) {
			route.handler.ServeHTTP(w, request)
			return
		}
		for _, method := range route.Methods {
			allowed[method] = true
		}
	}
	if len(allowed) == 0 {
		problem(w, http.StatusNotFound, "Nothing is at this path.")
		return
	}
	methods := strings.Join(slices.Sorted(maps.Keys(allowed)), ", ")
	w.Header().Set("Allow", methods)
	problem(w, http.StatusMethodNotAllowed, fmt.Sprintf("%s is not for this path: use %s.", request.Method, methods))
}

// ranks orders routes, the most particular first.
func ranks(route string) []int {
	var ranks []int
	for segment := range strings.SplitSeq(route, "/") {
		switch {
		case strings.HasPrefix(segment, "{*"):
			ranks = append(ranks, 2)
		case strings.HasPrefix(segment, "{"):
			ranks = append(ranks, 1)
		default:
			ranks = append(ranks, 0)
		}
	}
	return append(ranks, 3) // a route that ends here comes after a longer one
}

// matches reports whether an escaped path lies on a route. {*name} and {name?} match nothing, too.
func matches(route, escapedPath string) bool {
	path := strings.Split(strings.TrimPrefix(escapedPath, "/"), "/")
	for segment := range strings.SplitSeq(route, "/") {
		switch {
		case strings.HasPrefix(segment, "{*"):
			return true
		case len(path) == 0:
			return strings.HasSuffix(segment, "?}")
		case strings.HasPrefix(segment, "{"):
			if path[0] == "" && !strings.HasSuffix(segment, "?}") {
				return false
			}
		default:
			literal, err := url.PathUnescape(path[0])
			if err != nil || !strings.EqualFold(literal, segment) {
				return false
			}
		}
		path = path[1:]
	}
	return len(path) == 0
}
