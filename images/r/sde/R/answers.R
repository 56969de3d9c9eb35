# A protected answer: a data frame that knows which of its cells were suppressed, and its receipt.

MARK <- "[suppressed]"
LARGEST_INTEGER <- .Machine$integer.max
WHOLE <- c("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "HUGEINT")

#' Which cells of an answer were suppressed: a logical matrix of the answer's shape; NULL for any other table.
sde_suppressed <- function(answer) attr(answer, "sde_suppressed", exact = TRUE)

#' The receipt of an answer: the proof of which policy made it, for output checkers. NULL for any other table.
sde_receipt <- function(answer) attr(answer, "sde_receipt", exact = TRUE)

#' Column -> why its values are not what the SQL says on its face.
sde_flags <- function(answer) attr(answer, "sde_flags", exact = TRUE)

#' From the guard's JSON.
#' @noRd
read_answer <- function(content) {
    told <- read_json(content)
    rows <- as.integer(told$rows)
    columns <- lapply(told$columns, function(column) as_column(column$values, column$type, rows))
    names <- vapply(told$columns, function(column) column$name, "")
    frame <- structure(columns, names = names, row.names = .set_row_names(rows), class = "data.frame")
    hidden <- lapply(told$columns, function(column) seq_len(rows) %in% (as.integer(unlist(column$suppressed)) + 1L))
    mask <- matrix(as.logical(unlist(hidden)), nrow = rows, ncol = length(columns), dimnames = list(NULL, names))
    types <- vapply(told$columns, function(column) column$type, "")
    mark_answer(frame, mask, types, told$about)
}

mark_answer <- function(frame, mask, types, about) {
    marks <- list(
        sde_suppressed = mask,
        sde_types = types,
        sde_receipt = about$receipt,
        sde_flags = about$flags,
        sde_profile = about$policy_version,
        sde_hidden = c(rows = as.integer(about$suppressed$rows), cells = as.integer(about$suppressed$cells))
    )
    for (name in MARKS) attr(frame, name) <- marks[[name]]
    class(frame) <- c("sde_answer", class(frame))
    frame
}

MARKS <- c("sde_suppressed", "sde_types", "sde_receipt", "sde_flags", "sde_profile", "sde_hidden")

#' Whole numbers are integers where they fit, else doubles; text beyond what a double can hold exactly.
#' @noRd
as_column <- function(values, type, rows) {
    if (length(values) == 0 || is.list(values)) values <- rep(NA, rows)
    if (type %in% WHOLE) {
        if (is.character(values)) return(values)
        fits <- all(is.na(values) | abs(values) <= LARGEST_INTEGER)
        return(if (fits) as.integer(values) else as.double(values))
    }
    switch(sub("\\(.*", "", type),
        BOOLEAN = as.logical(values),
        DOUBLE = , FLOAT = , DECIMAL = as.double(values),
        DATE = as.Date(as.character(values)),
        TIMESTAMP = as.POSIXct(as.character(values), format = "%Y-%m-%dT%H:%M:%OS", tz = "UTC"),
        as.character(values)
    )
}

#' Rows of an answer that is fetched piece by piece.
#' @noRd
piece_of <- function(answer, rows) {
    piece <- structure(
        lapply(seq_along(answer), function(i) .subset2(answer, i)[rows]),
        names = names(answer), row.names = .set_row_names(length(rows)), class = "data.frame"
    )
    for (name in MARKS) attr(piece, name) <- attr(answer, name, exact = TRUE)
    attr(piece, "sde_suppressed") <- sde_suppressed(answer)[rows, , drop = FALSE]
    class(piece) <- c("sde_answer", "data.frame")
    piece
}

# What is computed from an answer is an ordinary table; it keeps the receipt, for reference.
unmarked <- function(frame) {
    for (name in setdiff(MARKS, "sde_receipt")) attr(frame, name) <- NULL
    class(frame) <- setdiff(class(frame), "sde_answer")
    frame
}

`[.sde_answer` <- function(x, ...) {
    part <- NextMethod()
    if (is.data.frame(part)) unmarked(part) else part
}

dplyr_reconstruct.sde_answer <- function(data, template) {
    dplyr::dplyr_reconstruct(unmarked(data), unmarked(template))
}

print.sde_answer <- function(x, ...) {
    print(shown(x), ...)
    cat(note_on(x), "\n", sep = "")
    invisible(x)
}

repr_text.sde_answer <- function(obj, ...) paste(utils::capture.output(print(obj)), collapse = "\n")

repr_html.sde_answer <- function(obj, ...) {
    note <- gsub("<", "&lt;", gsub("&", "&amp;", note_on(obj), fixed = TRUE), fixed = TRUE)
    paste0(repr::repr_html(shown(obj), ...), "<p><small>", note, "</small></p>")
}

# The table as it is shown: what was suppressed, and is still missing, says so.
shown <- function(answer) {
    mask <- sde_suppressed(answer)
    plain <- unmarked(answer)
    if (is.null(mask) || !identical(dim(mask), dim(plain)) || !any(mask)) return(plain)
    for (i in which(apply(mask, 2, any))) {
        column <- .subset2(plain, i)
        text <- ifelse(is.na(column), NA_character_, format(column, trim = TRUE))
        text[mask[, i] & is.na(column)] <- MARK
        plain[[i]] <- text
    }
    plain
}

note_on <- function(answer) {
    hidden <- attr(answer, "sde_hidden", exact = TRUE)
    if (is.null(hidden)) return(character())
    flags <- sde_flags(answer)
    paste0(
        counted(nrow(answer), "row"), "; ", counted(hidden[["rows"]], "row"), " and ",
        counted(hidden[["cells"]], "cell"), " suppressed; ",
        attr(answer, "sde_profile", exact = TRUE), "; receipt ", substr(sde_receipt(answer), 1, 12),
        paste0(sprintf("; %s: %s", names(flags), unlist(flags)), collapse = "")
    )
}

counted <- function(n, what) sprintf("%d %s%s", n, what, if (n == 1) "" else "s")
