# A DBI connection: what the project may ask, and how names and values are written.

setMethod("show", "SdeConnection", function(object) {
    cat("<SdeConnection>", if (dbIsValid(object)) describe_connection(object) else "disconnected", "\n")
})

describe_connection <- function(con) {
    project <- con@state$project
    sprintf("query guard, project %s (%s, from %d people)", project$project, project$profile, project$threshold)
}

setMethod("dbIsValid", "SdeConnection", function(dbObj, ...) isTRUE(dbObj@state$open))

setMethod("dbDisconnect", "SdeConnection", function(conn, ...) {
    if (!dbIsValid(conn)) warning("The connection is closed already.", call. = FALSE)
    conn@state$open <- FALSE
    invisible(TRUE)
})

check_open <- function(conn) {
    if (!dbIsValid(conn)) stop("The connection is closed. Open a new one with sde_connect().", call. = FALSE)
}

setMethod("dbGetInfo", "SdeConnection", function(dbObj, ...) {
    list(
        db.version = as.character(utils::packageVersion("sde")), dbname = dbObj@state$project$project,
        username = Sys.getenv("JUPYTERHUB_USER"), host = "query guard", port = NA_integer_
    )
})

setMethod("dbIsReadOnly", "SdeConnection", function(dbObj, ...) TRUE)

setMethod("dbListTables", "SdeConnection", function(conn, ...) {
    check_open(conn)
    sde_tables()$table
})

# DBI has methods for each way of naming a table, so each is set here too.
NAMINGS <- c("character", "SQL", "Id", "ANY")

for (naming in NAMINGS) {
    setMethod("dbExistsTable", signature("SdeConnection", naming), function(conn, name, ...) {
        table_name(conn, name) %in% dbListTables(conn)
    })
    setMethod("dbListFields", signature("SdeConnection", naming), function(conn, name, ...) {
        check_open(conn)
        sde_describe(table_name(conn, name))$name
    })
}

#' The project's name of a table from what DBI takes: text, SQL('"cdm"."person"'), Id(schema = "cdm", table = "person").
#' @noRd
table_name <- function(conn, name) {
    if (is.character(name) && !is(name, "SQL") && length(name) == 1 && !is.na(name) && nzchar(name)) {
        return(tolower(name))
    }
    if (is(name, "SQL")) name <- dbUnquoteIdentifier(conn, name)[[1]]
    if (!is(name, "Id")) stop("Give the name of one table.", call. = FALSE)
    tolower(name@name[[length(name@name)]])
}

setMethod("dbDataType", "SdeConnection", function(dbObj, obj, ...) dbDataType(guard(), obj))

setMethod("dbQuoteLiteral", "SdeConnection", function(conn, x, ...) {
    if (is(x, "SQL")) return(x)
    text <- if (inherits(x, "Date")) {
        paste0("DATE '", format(x, "%Y-%m-%d"), "'")
    } else if (inherits(x, "POSIXt")) {
        paste0("TIMESTAMP '", format(x, "%Y-%m-%d %H:%M:%OS6"), "'")
    } else {
        return(callNextMethod())
    }
    SQL(ifelse(is.na(x), "NULL", text), names = names(x))
})
