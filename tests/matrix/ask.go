// The SDK for Go as a client: with a profile it reads our sessions or runs our credential_process; without one its
// default chain reads the environment or asks a container endpoint. It prints who it is and when its credentials end.
// With SSO_TEST_LINES set it does so for each line on stdin, as a service that lives through many sessions: "ok" and
// who it is, or "no" and why not.
package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

func main() {
	var profile string
	if len(os.Args) > 1 {
		profile = os.Args[1]
	}
	chain, err := config.LoadDefaultConfig(context.TODO(), config.WithSharedConfigProfile(profile), config.WithDefaultRegion("us-east-1"))
	fail(err)
	if os.Getenv("SSO_TEST_LINES") != "" {
		answerLines(chain)
		return
	}
	credentials, err := chain.Credentials.Retrieve(context.TODO())
	fail(err)
	who, err := sts.NewFromConfig(chain).GetCallerIdentity(context.TODO(), nil)
	fail(err)
	fmt.Printf("{\"Account\":%q,\"Arn\":%q,\"expires\":%t,\"source\":%q}\n", *who.Account, *who.Arn, credentials.CanExpire, credentials.Source)
}

func answerLines(chain aws.Config) {
	client := sts.NewFromConfig(chain)
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		who, err := client.GetCallerIdentity(context.TODO(), nil)
		if err == nil {
			fmt.Println("ok", *who.Account)
		} else {
			fmt.Println("no", strings.ReplaceAll(err.Error(), "\n", " "))
		}
		// The time at which they run out.
		if cache, isCache := chain.Credentials.(*aws.CredentialsCache); isCache {
			cache.Invalidate()
		}
	}
}

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
