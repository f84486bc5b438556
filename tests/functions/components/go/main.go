// A command: the event on standard input, the response on standard output.
package main

import (
	"encoding/json"
	"fmt"
	"os"
)

var calls int

type event struct {
	Do    string `json:"do"`
	Bytes int    `json:"bytes"`
}

func main() {
	var raw json.RawMessage
	var asked event
	if err := json.NewDecoder(os.Stdin).Decode(&raw); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	_ = json.Unmarshal(raw, &asked)
	calls++
	switch asked.Do {
	case "log":
		fmt.Fprintln(os.Stderr, "to standard error")
	case "fail":
		panic("asked to fail")
	case "refuse":
		fmt.Fprintln(os.Stderr, "no teapots left")
		os.Exit(3)
	case "spin":
		for {
		}
	case "grow":
		fmt.Println(len(make([]byte, asked.Bytes)))
		return
	}
	json.NewEncoder(os.Stdout).Encode(map[string]any{
		"event": raw, "calls": calls, "greeting": os.Getenv("GREETING"),
	})
}
