//! How is a rule written, and what does it mean? (skeleton)
