# Values for the places of a query, made plain for the way to the guard. A value is never read as SQL.

#' A list for `?` and `$1` becomes a JSON list, a named one for `:name`, `$name` and `@name` a JSON object.
#' A vector of several values stands in `IN (:name)`.
#' @noRd
plain_parameters <- function(params) {
    if (!is.list(params)) params <- as.list(params)
    names <- names(params)
    if (!is.null(names) && !all(nzchar(names))) {
        stop("Give parameters either all with names or all without.", call. = FALSE)
    }
    labels <- if (is.null(names)) seq_along(params) else names
    plain <- Map(plain_value, params, labels)
    if (is.null(names)) unname(plain) else stats::setNames(plain, sub("^[:$@]", "", names))
}

plain_value <- function(value, label) {
    if (is.factor(value)) value <- as.character(value)
    kind <- list(label = label)
    if (inherits(value, "Date")) {
        parts <- lapply(seq_along(value), function(i) dated(value[[i]], "date", format(value[[i]], "%Y-%m-%d")))
    } else if (inherits(value, "POSIXt")) {
        text <- format(value, "%Y-%m-%dT%H:%M:%OS6")
        parts <- lapply(seq_along(value), function(i) dated(value[[i]], "timestamp", text[[i]]))
    } else if (is.null(value)) {
        return(NA)
    } else if (is.character(value) || is.numeric(value) || is.logical(value)) {
        if (any(is.infinite(value)) || any(is.nan(value))) {
            stop(sprintf("Parameter %s: give NA for a missing value.", label), call. = FALSE)
        }
        parts <- as.list(unname(value))
    } else {
        stop(
            sprintf("Parameter %s: give text, numbers, TRUE or FALSE, dates or NA, not %s.", label, class(value)[[1]]),
            call. = FALSE
        )
    }
    if (length(parts) == 1) parts[[1]] else parts
}

dated <- function(value, kind, text) if (is.na(value)) NA else stats::setNames(list(text), kind)
