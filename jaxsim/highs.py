"""HiGHS that prints nothing.

Since version 1.16 `highspy.Highs()` enables its callbacks as it is made, and HiGHS prints a banner at the first call of
a solver whose output is on. So output goes off before that call; no option given later could.
"""

import highspy


class QuietHighs(highspy.Highs):
    """A solver without output."""

    def enableCallbacks(self) -> None:
        """Switch output off, then do what every solver does when it is made."""
        self.setOptionValue("output_flag", False)
        super().enableCallbacks()
