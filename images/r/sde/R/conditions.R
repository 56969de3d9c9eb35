# What can go wrong, in words: a refusal by policy, or a service that does not answer. Both are R conditions, so
# tryCatch(..., sde_refusal = function(refusal) refusal$code) works.

#' A condition of class `sde_refusal` with the fields code, message, remedy and where.
#' @noRd
refusal <- function(code, message, remedy = "", where = "", class = character()) {
    structure(
        class = c(class, "sde_refusal", "error", "condition"),
        list(message = message, call = NULL, code = code, remedy = remedy, where = where)
    )
}

conditionMessage.sde_refusal <- function(c) {
    lines <- c(
        sprintf("Refused [%s]: %s", c$code, c$message),
        if (nzchar(c$where)) paste0("  where: ", c$where),
        if (nzchar(c$remedy)) paste0("  instead: ", c$remedy)
    )
    paste(lines, collapse = "\n")
}

unavailable <- function(service) {
    refusal(
        "service-unavailable",
        sprintf("The %s does not answer.", SERVICES[[service]]),
        "Wait a moment and run it again; if it stays so, restart your workspace.",
        class = "sde_unavailable"
    )
}

read_only <- function(what) {
    refusal(
        "read-only",
        sprintf("The data cannot be changed, so %s is not available.", what),
        "Keep what you compute in R (collect() it), or write the steps as one query."
    )
}

told_refusal <- function(content, service) {
    told <- tryCatch(read_json(content), error = function(problem) NULL)
    if (!is.list(told) || !is.character(told$code) || !is.character(told$message)) {
        return(unavailable(service))
    }
    refusal(told$code, told$message, in_r(or_empty(told$remedy)), or_empty(told$where))
}

or_empty <- function(text) if (is.character(text) && length(text) == 1) text else ""

# The services name the Python client's functions; the same ones have these names here.
in_r <- function(text) {
    text <- gsub("sde\\.(tables|describe|budget|check|submit|requests|project|sql)\\(", "sde_\\1(", text)
    gsub("(query, {'name': value})", "(query, list(name = value))", text, fixed = TRUE)
}

#' Run the code; a refusal that another package has wrapped in an error of its own is raised itself.
#' @noRd
unwrapped <- function(code) {
    tryCatch(code, error = function(problem) {
        found <- problem
        while (!is.null(found) && !inherits(found, "sde_refusal")) found <- found$parent
        stop(if (is.null(found)) problem else found)
    })
}
