# A DBI result: the guard answers whole, so fetching in pieces only cuts an answer that is here already.

setClass("SdeResult", contains = "DBIResult", slots = c(connection = "SdeConnection", state = "environment"))

setMethod("show", "SdeResult", function(object) {
    held <- object@state
    cat("<SdeResult>", if (held$open) sprintf("%d of %d rows fetched", held$fetched, rows_of(held)) else "cleared", "\n")
    cat(" ", held$statement, "\n")
})

rows_of <- function(held) if (is.null(held$answer)) 0L else nrow(held$answer)

#' @param params values for the places of the query; without them, dbBind() gives them later.
#' @param dialect "duckdb", "tsql", "postgres" or "sqlite".
#' @noRd
setMethod(
    "dbSendQuery", signature("SdeConnection", "character"),
    function(conn, statement, params = NULL, dialect = "duckdb", ...) {
        check_open(conn)
        previous <- conn@state$result
        if (!is.null(previous) && previous$open) {
            warning("The result of the last query was not cleared: it is now.", call. = FALSE)
            close_result(previous)
        }
        held <- new.env(parent = emptyenv())
        held$statement <- as.character(statement)
        held$dialect <- dialect
        held$open <- TRUE
        held$answer <- NULL
        held$unbound <- NULL
        held$fetched <- 0L
        run_query(held, params)
        conn@state$result <- held
        new("SdeResult", connection = conn, state = held)
    }
)

#' A query whose values are still missing waits for dbBind().
#' @noRd
run_query <- function(held, params) {
    held$fetched <- 0L
    held$answer <- NULL
    tryCatch(
        {
            held$answer <- ask_guard(held$statement, params, held$dialect)
            held$unbound <- NULL
        },
        sde_refusal = function(refused) {
            if (refused$code != "parameter-missing" || length(params)) stop(refused)
            held$unbound <- refused
        }
    )
}

check_result <- function(res) {
    if (!res@state$open) stop("The result is cleared.", call. = FALSE)
}

setMethod("dbBind", "SdeResult", function(res, params, ...) {
    check_result(res)
    run_query(res@state, params)
    invisible(res)
})

setMethod("dbFetch", "SdeResult", function(res, n = -1, ...) {
    check_result(res)
    held <- res@state
    if (!is.null(held$unbound)) stop(held$unbound)
    if (length(n) != 1 || is.na(n) || (n < 0 && n != -1) || (is.finite(n) && n != trunc(n))) {
        stop("n is a whole number of rows, or -1 or Inf for all.", call. = FALSE)
    }
    left <- rows_of(held) - held$fetched
    taken <- if (n < 0 || n > left) left else as.integer(n)
    rows <- held$fetched + seq_len(taken)
    held$fetched <- held$fetched + taken
    if (taken == rows_of(held)) held$answer else piece_of(held$answer, rows)
})

setMethod("dbClearResult", "SdeResult", function(res, ...) {
    if (!res@state$open) warning("The result is cleared already.", call. = FALSE)
    close_result(res@state)
    invisible(TRUE)
})

close_result <- function(held) {
    held$open <- FALSE
    held$answer <- NULL
}

setMethod("dbIsValid", "SdeResult", function(dbObj, ...) dbObj@state$open)

setMethod("dbHasCompleted", "SdeResult", function(res, ...) {
    check_result(res)
    is.null(res@state$unbound) && res@state$fetched >= rows_of(res@state)
})

setMethod("dbGetStatement", "SdeResult", function(res, ...) {
    check_result(res)
    res@state$statement
})

setMethod("dbGetRowCount", "SdeResult", function(res, ...) {
    check_result(res)
    res@state$fetched
})

setMethod("dbGetRowsAffected", "SdeResult", function(res, ...) {
    check_result(res)
    0L
})

setMethod("dbColumnInfo", "SdeResult", function(res, ...) {
    check_result(res)
    held <- res@state
    if (!is.null(held$unbound)) stop(held$unbound)
    columns <- unclass(unmarked(held$answer))
    data.frame(
        name = names(held$answer),
        type = vapply(columns, function(column) class(column)[[1]], "", USE.NAMES = FALSE),
        sql_type = attr(held$answer, "sde_types"),
        suppressed = as.integer(colSums(sde_suppressed(held$answer))),
        row.names = NULL
    )
})

setMethod("dbGetInfo", "SdeResult", function(dbObj, ...) {
    held <- dbObj@state
    list(
        statement = held$statement, row.count = held$fetched, rows.affected = 0L,
        has.completed = dbHasCompleted(dbObj), receipt = sde_receipt(held$answer)
    )
})
