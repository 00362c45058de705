// Package polygate calls a Polygate gateway from Go: over grpc-go (DialGRPC) or connect-go
// (ConnectOptions), with the clients of polygate/v1 and polygate/v1/polygatev1connect.
package polygate

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"net/url"
	"time"
)

// Options tells of a gateway, and how it is called.
type Options struct {
	// URL of the gateway: https://gateway.example.com, or http://localhost:8080 in cleartext.
	URL string
	// APIKey is the key or token of the caller; empty where the gateway asks for none.
	APIKey string
	// DefaultTimeout is the deadline of calls whose context has none, streams included; a minute when zero.
	DefaultTimeout time.Duration
	// AttemptsMax is the number of tries of one call in all: 3 when zero, 1 never repeats, gRPC takes 5 at most.
	AttemptsMax int
}

func (o Options) timeout() time.Duration {
	if o.DefaultTimeout == 0 {
		return time.Minute
	}
	return o.DefaultTimeout
}

func (o Options) attemptsMax() int {
	if o.AttemptsMax == 0 {
		return policy.MethodConfig[0].RetryPolicy.MaxAttempts
	}
	return o.AttemptsMax
}

// target is the host and port, and whether TLS is spoken there.
func (o Options) target() (hostPort string, secure bool, err error) {
	parsed, err := url.Parse(o.URL)
	if err != nil || parsed.Hostname() == "" || (parsed.Scheme != "http" && parsed.Scheme != "https") {
		return "", false, fmt.Errorf("URL: expected http://host:port or https://host, got %q", o.URL)
	}
	secure = parsed.Scheme == "https"
	switch {
	case parsed.Port() != "":
		return parsed.Host, secure, nil
	case secure:
		return parsed.Host + ":443", secure, nil
	default:
		return parsed.Host + ":80", secure, nil
	}
}

//go:embed service_config.json
var policyJSON []byte

// serviceConfig is gRPC's, as far as the retry policy goes.
type serviceConfig struct {
	MethodConfig []struct {
		Name []struct {
			Service string `json:"service"`
			Method  string `json:"method"`
		} `json:"name"`
		RetryPolicy struct {
			MaxAttempts          int      `json:"maxAttempts"`
			InitialBackoff       string   `json:"initialBackoff"`
			MaxBackoff           string   `json:"maxBackoff"`
			BackoffMultiplier    float64  `json:"backoffMultiplier"`
			RetryableStatusCodes []string `json:"retryableStatusCodes"`
		} `json:"retryPolicy"`
	} `json:"methodConfig"`
}

// policy is the retry policy that all clients share.
var policy = readPolicy()

func readPolicy() (config serviceConfig) {
	if err := json.Unmarshal(policyJSON, &config); err != nil {
		panic(err) // the file is a part of this package
	}
	return config
}
