// The load test sends chats to a gateway for a while, and prints what came of them: calls a second,
// how long they took, and failures by reason.
package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"log"
	"maps"
	"os"
	"os/signal"
	"slices"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"polygate"
	polygatev1 "polygate/v1"
)

// tally is what one worker has seen.
type tally struct {
	took     []time.Duration
	failures map[string]int
}

func main() {
	url := flag.String("url", cmp.Or(os.Getenv("POLYGATE_URL"), "http://localhost:8080"), "the gateway")
	model := flag.String("model", "", "the model; empty leaves the choice to the gateway")
	message := flag.String("message", "echo hello", "what is said")
	clients := flag.Int("clients", 16, "callers at once, each with a connection of its own")
	perSecond := flag.Float64("rate", 0, "calls a second of all of them; 0 sends as fast as they are answered")
	duration := flag.Duration("duration", 10*time.Second, "how long")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, *duration)
	defer cancel()

	limit := rate.Limit(*perSecond)
	if *perSecond == 0 {
		limit = rate.Inf
	}
	limiter := rate.NewLimiter(limit, 1)
	request := &polygatev1.ChatRequest{Message: *message, ModelPreference: *model}
	// One try each: a load test wants to see what fails.
	options := polygate.Options{URL: *url, APIKey: os.Getenv("POLYGATE_KEY"), AttemptsMax: 1}

	tallies := make([]tally, *clients)
	began := time.Now()
	var group sync.WaitGroup
	for i := range tallies {
		conn, err := polygate.DialGRPC(options)
		if err != nil {
			log.Fatal(err)
		}
		defer conn.Close()
		chat := polygatev1.NewChatServiceClient(conn)
		group.Go(func() { tallies[i] = work(ctx, limiter, chat, request) })
	}
	group.Wait()
	report(tallies, time.Since(began))
}

// work calls until ctx ends. A call that has begun is waited for.
func work(ctx context.Context, limiter *rate.Limiter, chat polygatev1.ChatServiceClient, request *polygatev1.ChatRequest) tally {
	seen := tally{failures: map[string]int{}}
	for limiter.Wait(ctx) == nil && ctx.Err() == nil {
		began := time.Now()
		if _, err := chat.Chat(context.Background(), request); err != nil {
			failure := polygate.FailureOf(err)
			// What no gateway answered has a code alone.
			seen.failures[cmp.Or(failure.Reason, failure.Code.String())]++
			continue
		}
		seen.took = append(seen.took, time.Since(began))
	}
	return seen
}

func report(tallies []tally, elapsed time.Duration) {
	var took []time.Duration
	failures := map[string]int{}
	for _, seen := range tallies {
		took = append(took, seen.took...)
		for reason, count := range seen.failures {
			failures[reason] += count
		}
	}
	slices.Sort(took)
	fmt.Printf("%d calls answered in %.1f s: %.0f a second\n", len(took), elapsed.Seconds(), float64(len(took))/elapsed.Seconds())
	if len(took) > 0 {
		for _, share := range []float64{0.5, 0.9, 0.99, 1} {
			at := took[int(share*float64(len(took)-1))]
			fmt.Printf("%4.0f %% within %s\n", share*100, at.Round(10*time.Microsecond))
		}
	}
	for _, reason := range slices.Sorted(maps.Keys(failures)) {
		fmt.Printf("%d failed: %s\n", failures[reason], reason)
	}
	if len(failures) > 0 {
		os.Exit(1)
	}
}
