"""What kinds of question have in common: sections of their files, and how steps, requests and services are solved."""
