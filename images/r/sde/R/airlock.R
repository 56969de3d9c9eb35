# Hands files to the airlock and asks how they fare.

#' What the airlock's automatic checks say of these files; nothing is stored or sent for review.
sde_check <- function(files) findings_of(call_service("airlock", "/v1/check", form = file_parts("files", files)))

#' Ask to take files out of the workspace. Each is checked, then reviewed by two output checkers.
sde_submit <- function(files, context, controls, title = "", supporting = character()) {
    form <- c(
        file_parts("files", files),
        file_parts("supporting", supporting),
        list(context = context, controls = controls, title = title)
    )
    answer <- call_service("airlock", "/v1/requests", form = form)
    message(sprintf("Egress request %s: %s. Follow it in the portal under Egress requests.", answer$id, answer$state))
    for (finding in answer$findings) {
        if (finding$severity != "PASS") {
            message(sprintf("  %s %s %s: %s %s", finding$severity, finding$file, finding$where, finding$why, finding$fix))
        }
    }
    invisible(answer)
}

#' Your egress requests in this project.
sde_requests <- function() {
    requests <- call_service("airlock", "/v1/requests", parse = function(content) {
        jsonlite::fromJSON(as_text(content), simplifyDataFrame = TRUE, flatten = TRUE)
    })
    if (is.data.frame(requests)) requests else data.frame()
}

file_parts <- function(field, files) {
    missing <- files[!file.exists(files)]
    if (length(missing)) stop("There is no such file: ", paste(missing, collapse = ", "), call. = FALSE)
    parts <- lapply(files, function(file) curl::form_file(path.expand(file)))
    stats::setNames(parts, rep(field, length(parts)))
}

FINDING_COLUMNS <- c("file", "check", "severity", "where", "why", "fix")

findings_of <- function(told) {
    columns <- lapply(FINDING_COLUMNS, function(name) {
        vapply(told$findings, function(finding) as.character(finding[[name]]), "")
    })
    as.data.frame(stats::setNames(columns, FINDING_COLUMNS))
}
