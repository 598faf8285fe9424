import Base
import HTTPServer
import Testing
import Wire

@testable import System

@Suite struct DocumentRoutesTests {
    @Test func `the document describes every operation that serves`() async throws {
        try await TestServer.run { _, client in
            let document = try await client.get("/openapi.json").json()
            #expect(document["openapi"] == "3.1.0")
            #expect(document["info"]?["title"] == "Heliograph")
            #expect(document["info"]?["version"] == "1.2.3")
            #expect(document["info"]?["license"]?["identifier"] == "Apache-2.0")
            #expect(document["servers"] == [["url": "https://example.org"]])
            #expect(
                document["paths"]?.object?.names == [
                    "/health", "/api/v1/system/health", "/metrics", "/api/v1/system/metrics",
                    "/api/v1/system/config", "/openapi.json", "/docs",
                ])
        }
    }

    @Test func `it is tagged, compressed and asked for conditionally`() async throws {
        try await TestServer.run { _, client in
            let plain = try await client.get("/openapi.json")
            let packed = try await client.get("/openapi.json", "accept-encoding: gzip")
            #expect(packed.fields["content-encoding"] == "gzip")
            #expect(try gunzip(packed.body, bytesMax: 1 << 20) == plain.body)
            let tag = try #require(plain.fields["etag"])
            #expect(tag != packed.fields["etag"])
            let again = try await client.get("/openapi.json", "if-none-match: \(tag)")
            #expect(again.status == 304)
            #expect(again.fields["etag"] == tag)
            #expect(again.body.isEmpty)
        }
    }

    @Test func `the page lists every operation and loads nothing from elsewhere`() async throws {
        let others = [
            Route(.get, "/things", .open, Operation("getThings", "Things <& `more`>")) { _ in Response() }
        ]
        try await TestServer.run(others: others) { _, client in
            let page = try await client.get("/docs")
            #expect(page.fields["content-type"] == "text/html; charset=utf-8")
            #expect(page.fields["content-security-policy"]?.contains("default-src 'none'") == true)
            #expect(page.text.contains("/api/v1/system/health"))
            #expect(page.text.contains("Things &lt;&amp; <code>more</code>&gt;"))
            #expect(!page.text.contains("<script") && !page.text.contains("//"))
            #expect(
                try await client.get("/docs/style.css").fields["content-type"] == "text/css; charset=utf-8")
        }
    }
}

@Suite struct OpenAPIDocumentTests {
    private func document(_ route: Route) throws -> JSONValue {
        let document = OpenAPIDocument(operations: [route].described, version: "1", publicURL: nil)
        return JSONValue(try JSON.parse(document.render()).root)
    }

    private func route(_ path: String, _ operation: Operation) -> Route {
        Route(.post, path, .open, operation) { _ in Response() }
    }

    @Test func `parameters of the path are derived from its pattern`() throws {
        let listed = Operation.Parameter("bot", in: .path, "Which bot.", .string())
        let query = Operation.Parameter("limit", in: .query, "At most.", .integer)
        let operation = Operation("op", "Op", parameters: [query, listed])
        let path = try document(route("/a/{bot}/{chat:int}/{rest...}", operation))["paths"]?[
            "/a/{bot}/{chat}/{rest}"]
        let parameters = try #require(path?["post"]?["parameters"]?.array)
        #expect(parameters.map { $0["name"] } == ["bot", "chat", "rest", "limit"])
        #expect(parameters.map { $0["required"] } == [true, true, true, false])
        #expect(parameters[0]["description"] == "Which bot.")
        #expect(parameters[1]["schema"] == ["type": "integer", "format": "int64"])
        #expect(parameters[3]["in"] == "query")
    }

    @Test func `every operation has the error's form as its default answer`() throws {
        let document = try document(route("/a", Operation("op", "Op")))
        let reference = document["paths"]?["/a"]?["post"]?["responses"]?["default"]?["$ref"]
        #expect(reference == "#/components/responses/Error")
        let schemas = document["components"]?["schemas"]
        #expect(schemas?["Error"]?["properties"]?["error"]?["$ref"] == "#/components/schemas/ErrorBody")
        let code = schemas?["ErrorBody"]?["properties"]?["code"]
        #expect(code?["enum"]?.array?.count == ErrorCode.allCases.count)
    }

    @Test func `answers of one status are its forms`() throws {
        let operation = Operation(
            "op", "Op",
            responses: [
                .init(.ok, "It.", .init(.string(), type: "text/plain")), .init(.ok, "It.", .init(.boolean)),
            ])
        let answer = try document(route("/a", operation))["paths"]?["/a"]?["post"]?["responses"]?["200"]
        #expect(answer?["content"]?.object?.names == ["text/plain", "application/json"])
    }

    @Test func `named schemas become components, inner ones too`() throws {
        let inner = Schema.named(
            "Inner", .object([.init("id", .integer), .init("note", .string(), isRequired: false)]))
        let outer = Schema.named("Outer", .array(.nullable(inner)))
        let operation = Operation("op", "Op", request: .init(outer))
        let document = try document(route("/a", operation))
        let body = document["paths"]?["/a"]?["post"]?["requestBody"]?["content"]?["application/json"]?[
            "schema"]
        #expect(body == ["$ref": "#/components/schemas/Outer"])
        let schemas = document["components"]?["schemas"]
        #expect(
            schemas?["Outer"]?["items"] == [
                "anyOf": [["$ref": "#/components/schemas/Inner"], ["type": "null"]]
            ])
        #expect(schemas?["Inner"]?["required"] == ["id"])
    }

    @Test func `routes without an operation are left out`() {
        #expect([Route(.get, "/a", .open) { _ in Response() }].described.isEmpty)
    }
}
