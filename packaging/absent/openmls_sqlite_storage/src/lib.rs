//! Nothing: this package only stands in the place of one that is never built.
