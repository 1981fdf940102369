"""What host scripts of CSL programs import and start: the runtime, its helpers, the compiler's command line."""
