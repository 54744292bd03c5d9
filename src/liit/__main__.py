"""``python -m liit``."""

import sys

from liit.cli import main

sys.exit(main())
