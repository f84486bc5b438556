//! Native execution environments: one OS process each, spoken to over the Lambda Runtime API.
