// Uploads with net/http; see clients.ts for what comes in and goes out.
package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"
)

func bodyOf(size int) []byte {
	text := strings.Repeat("ink ", size/4)[:size-14]
	return []byte(`{"message":"` + text + `"}`)
}

// outcome is the status, or what went wrong in a word or two.
func outcome(client *http.Client, url string, body []byte, declared, expecting bool, timeout time.Duration) string {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	var reader io.Reader = bytes.NewReader(body)
	if !declared {
		reader = io.MultiReader(reader)
	}
	request, err := http.NewRequestWithContext(ctx, "POST", url, reader)
	if err != nil {
		return err.Error()
	}
	request.Header.Set("content-type", "application/json")
	if expecting {
		request.Header.Set("expect", "100-continue")
	}
	response, err := client.Do(request)
	if err != nil {
		if ctx.Err() != nil {
			return "timeout"
		}
		words := strings.Split(err.Error(), ": ")
		return strings.ReplaceAll(words[len(words)-1], "\t", " ")
	}
	defer response.Body.Close()
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		return "body broken"
	}
	return strconv.Itoa(response.StatusCode)
}

func main() {
	times, _ := strconv.Atoi(os.Args[1])
	timeoutMs, _ := strconv.Atoi(os.Args[2])
	timeout := time.Duration(timeoutMs) * time.Millisecond
	authority, err := os.ReadFile(os.Args[3])
	if err != nil {
		panic(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(authority)
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		fields := strings.Split(lines.Text(), "\t")
		size, _ := strconv.Atoi(fields[2])
		body := bodyOf(size)
		client := &http.Client{Transport: &http.Transport{
			TLSClientConfig:       &tls.Config{RootCAs: roots},
			ForceAttemptHTTP2:     fields[1] == "2",
			ExpectContinueTimeout: timeout,
		}}
		outcomes := make([]string, times)
		for index := range outcomes {
			outcomes[index] = outcome(client, fields[0], body, fields[3] == "true", fields[4] == "true", timeout)
		}
		client.CloseIdleConnections()
		fmt.Println(strings.Join(outcomes, "\t"))
	}
}
