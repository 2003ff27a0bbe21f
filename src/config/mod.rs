//! What the user wrote, with the place of each word in its file; and the diagnostics that point there.
