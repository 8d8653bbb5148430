"""Why a required tag is not on a resource as it should be, who can change that, and the change ready to run."""
