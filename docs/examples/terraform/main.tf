# Terraform reads the profile's session by itself. A long run begins with a session that lasts for three hours:
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
