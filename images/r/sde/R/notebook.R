# Notebooks to begin with.

EXAMPLES <- "/opt/r/example"

#' Copy the R example notebooks into a folder, where they are not there yet. A new R workspace has them already.
sde_example <- function(folder = "~") {
    found <- list.files(EXAMPLES, "\\.ipynb$", full.names = TRUE)
    copied <- file.copy(found, folder, overwrite = FALSE)
    message(sprintf("%d notebooks copied to %s.", sum(copied), folder))
    invisible(file.path(folder, basename(found[copied])))
}
