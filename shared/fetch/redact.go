package fetch

import (
	"net/url"
	"regexp"
)

// redacted stands where a secret stood.
const redacted = "REDACTED"

var (
	parameter = regexp.MustCompile(`([?&;#])([^=&;?#\s"']+)=([^&;#\s"']*)`)
	userinfo  = regexp.MustCompile(`(://)[^/?#\s"'@]*@`)
	secret    = regexp.MustCompile(`(?i)key|token|secret|passw|credential|auth|signature|^(code|sig|pwd|pass|user|username|jwt|session|sid)$`)
)

// Redact removes what may be a secret from every URL in a text: user and password, and the values of parameters that are
// named like a key. It runs over all that is stored, logged or put into an error. The order of parameters stays.
func Redact(text string) string {
	text = userinfo.ReplaceAllString(text, "${1}")
	return parameter.ReplaceAllStringFunc(text, func(match string) string {
		parts := parameter.FindStringSubmatch(match)
		if !secret.MatchString(unescape(parts[2])) {
			return match
		}
		return parts[1] + parts[2] + "=" + redacted
	})
}

// unescape undoes percent-encoding in a parameter's name, so that ap%69key is found.
func unescape(name string) string {
	if plain, err := url.QueryUnescape(name); err == nil {
		return plain
	}
	return name
}
