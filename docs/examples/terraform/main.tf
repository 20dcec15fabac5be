# Terraform reads the profile's session by itself. To start a long run with a session that lasts another three hours:
#
#   sso-login exec corp --min-left 3h --renewing -- terraform apply
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
