# HTTP over the workspace's own unix sockets; the token that the hub gave this workspace goes with every call.

SOCKETS <- list(guard = "/run/guard/guard.sock", airlock = "/run/guard/airlock.sock")
SERVICES <- list(guard = "query guard", airlock = "airlock")
SECONDS <- 120
FIRST_WORD_SECONDS <- 5 # a question that takes longer says so, and again each time the wait has doubled

#' One call: the parsed JSON of the answer. Raises `sde_refusal`, or its subclass `sde_unavailable`.
#'
#' An interrupt ends the call at once and closes the connection.
#' @param body a list that becomes JSON, or NULL for a GET.
#' @param form a list of curl's form parts, sent in place of a body.
#' @noRd
call_service <- function(service, path, body = NULL, form = NULL, parse = read_json) {
    handle <- open_handle(SOCKETS[[service]], progress = !is.null(body))
    if (!is.null(form)) {
        curl::handle_setform(handle, .list = form)
    } else if (!is.null(body)) {
        curl::handle_setopt(handle, copypostfields = write_json(body))
        curl::handle_setheaders(
            handle,
            "Authorization" = bearer(), "Accept" = "application/json", "Content-Type" = "application/json"
        )
    }
    response <- tryCatch(
        curl::curl_fetch_memory(paste0("http://sde", path), handle = handle),
        error = function(problem) stop(unavailable(service))
    )
    if (response$status_code >= 200 && response$status_code < 300) {
        return(parse(response$content))
    }
    stop(told_refusal(response$content, service))
}

open_handle <- function(socket, progress) {
    handle <- curl::new_handle(unix_socket_path = socket, timeout = SECONDS, noproxy = "*")
    curl::handle_setheaders(handle, "Authorization" = bearer(), "Accept" = "application/json", "Expect" = "")
    if (progress) {
        curl::handle_setopt(handle, noprogress = FALSE, progressfunction = tell_progress())
    }
    handle
}

bearer <- function() paste("Bearer", Sys.getenv("JUPYTERHUB_API_TOKEN"))

tell_progress <- function() {
    began <- Sys.time()
    next_word <- FIRST_WORD_SECONDS
    function(down, up) {
        waited <- as.numeric(difftime(Sys.time(), began, units = "secs"))
        if (waited >= next_word) {
            say(sprintf("The query guard is still at work: %.0f seconds. Interrupt to stop waiting.", waited))
            next_word <<- 2 * next_word
        }
        TRUE
    }
}

# A notebook shows messages when a cell has ended, which is too late here; what is displayed it shows at once.
say <- function(text) {
    if (isTRUE(getOption("jupyter.in_kernel"))) {
        IRdisplay::publish_mimebundle(list("text/plain" = text))
    } else {
        message(text)
    }
}

write_json <- function(value) {
    as.character(jsonlite::toJSON(value, auto_unbox = TRUE, null = "null", na = "null", digits = I(17)))
}

read_json <- function(content) {
    jsonlite::fromJSON(as_text(content), simplifyDataFrame = FALSE, simplifyMatrix = FALSE)
}

as_text <- function(content) {
    text <- rawToChar(content)
    Encoding(text) <- "UTF-8"
    text
}
