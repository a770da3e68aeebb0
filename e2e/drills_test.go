package e2e

import "flag"

// drill has the fault drills run at their full length: see docs/reliability.md.
var drill = flag.Bool("drill", false, "run the fault drills at their full length")
