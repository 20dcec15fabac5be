// The SDK for Go as a client: with a profile it reads our sessions or runs our credential_process; without one its
// default chain reads the environment or asks a container endpoint. It prints who it is and when its credentials end.
package main

import (
	"context"
	"fmt"
	"os"

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
	credentials, err := chain.Credentials.Retrieve(context.TODO())
	fail(err)
	who, err := sts.NewFromConfig(chain).GetCallerIdentity(context.TODO(), nil)
	fail(err)
	fmt.Printf("{\"Account\":%q,\"Arn\":%q,\"expires\":%t,\"source\":%q}\n", *who.Account, *who.Arn, credentials.CanExpire, credentials.Source)
}

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
