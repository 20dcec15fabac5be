# Terraform reads the profile's session by itself. A long run should not begin with a session that is about to end:
#
#   sso-login exec corp --renewing -- terraform apply
terraform {
  required_providers {
    aws = {
      source = "hashicorp/aws"
    }
  }
}

provider "aws" {
  region = "eu-west-1"
}
