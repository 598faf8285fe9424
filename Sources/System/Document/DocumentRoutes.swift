import HTTPServer
import Wire

/// The routes by which programs and people read what the API is.
struct DocumentRoutes: Sendable {
    private static let openAPI = Operation(
        "getOpenAPI", "This document",
        description: "OpenAPI 3.1, made from the same declarations that serve the requests.",
        tags: ["system"],
        responses: [.init(.ok, "The document.", .init(.map(.anything)))])
    private static let page = Operation(
        "getDocumentation", "The API as a page for people", tags: ["system"],
        responses: [.init(.ok, "The page.", .init(.string(), type: "text/html"))])

    /// The routes, which describe `others` and themselves; the documents are made here, once.
    static func routes(describing others: [Route], version: String, publicURL: String?) -> [Route] {
        // What they answer does not matter where they are only described.
        let nothing: Handler = { _ in Response() }
        let own = [
            Route(.get, "/openapi.json", .open, openAPI, handler: nothing),
            Route(.get, "/docs", .open, page, handler: nothing),
        ]
        let operations = (others + own).described
        let document = OpenAPIDocument(operations: operations, version: version, publicURL: publicURL)
        let openAPIFile = StaticFile(
            document.render(), type: "application/json", fields: ["access-control-allow-origin": "*"])
        let pageFile = StaticFile(
            DocumentationPage(operations: operations, version: version).render(),
            type: "text/html; charset=utf-8",
            fields: ["content-security-policy": DocumentationPage.policy])
        let styleFile = StaticFile(DocumentationPage.style, type: "text/css; charset=utf-8")
        return [
            Route(.get, "/openapi.json", .open, openAPI, handler: openAPIFile.handler),
            Route(.get, "/docs", .open, page, handler: pageFile.handler),
            Route(.get, "/docs/style.css", .open, handler: styleFile.handler),
        ]
    }
}
