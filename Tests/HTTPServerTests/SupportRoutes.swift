import Base
@testable import HTTPServer
import Reactor
import Wire

/// The routes that the request suite asks.
enum TestRoutes {
    static let all: [Route] = [
        Route(.get, "/") { _ in .json(#"{"hello":"world"}"#) },
        Route(.get, "/empty") { _ in Response(status: .noContent) },
        Route(.get, "/unchanged") { _ in
            Response(status: .notModified, fields: ["etag": "\"1\""], body: .bytes("not sent"))
        },
        Route(.get, "/users/{id:int}") { request in
            Response(Bytes("\(request.parameters.integer("id"))"), type: "text/plain")
        },
        Route(.get, "/names/{name}") { request in
            Response(Bytes(request.parameters["name"]), type: "text/plain")
        },
        Route(.delete, "/names/{name}") { _ in Response(status: .accepted) },
        Route(.get, "/files/{path...}") { request in
            Response(Bytes(request.parameters["path"]), type: "text/plain")
        },
        Route(.get, "/query") { request in
            Response(Bytes(request.queryItem("q") ?? "nothing"), type: "text/plain")
        },
        Route(.get, "/fields") { request in
            Response(Bytes(request.fields["x-echo"] ?? "nothing"), type: "text/plain")
        },
        Route(.post, "/echo") { request in
            Response(try await request.body.collect(max: 64 << 20), type: "application/octet-stream")
        },
        Route(.post, "/length") { request in
            Response(Bytes("\(request.body.length.map(String.init) ?? "unknown")"), type: "text/plain")
        },
        Route(.post, "/ignore") { _ in Response(Bytes("ignored"), type: "text/plain") },
        Route(.post, "/stream") { request in
            .stream { writer in
                for try await part in request.body.parts { try await writer.write(part) }
                await writer.setTrailers(["x-end": "yes"])
            }
        },
        Route(.post, "/trailers") { request in
            _ = try await request.body.collect(max: 1 << 20)
            return Response(Bytes(await request.body.trailers()["x-sum"] ?? "none"), type: "text/plain")
        },
        Route(.get, "/parts/{count:int}") { request in
            let count = request.parameters.integer("count")
            return .stream(fields: ["content-type": "text/plain"]) { writer in
                for index in 0..<count { try await writer.write(Bytes("part \(index);")) }
            }
        },
        Route(.get, "/announced") { _ in
            .stream(length: 10) { writer in
                try await writer.write("01234")
                try await writer.write("56789")
            }
        },
        Route(.get, "/large/{size:int}") { request in
            let part = Bytes([UInt8](repeating: UInt8(ascii: "x"), count: 64 * 1024))
            let size = Int(request.parameters.integer("size"))
            return .stream(length: UInt64(size)) { writer in
                var left = size
                while left > 0 {
                    try await writer.write(part[0..<min(left, part.count)])
                    left -= part.count
                }
            }
        },
        Route(.get, "/throws/{kind}") { request in
            switch request.parameters["kind"] {
            case "api":
                throw APIError(
                    .conflict, "It is there already", details: ["id": 7], fields: ["retry-after": "3"])
            case "cancelled": throw CancellationError()
            default: throw Secretive(password: "hunter2")
            }
        },
        Route(.get, "/breaks") { _ in
            .stream { writer in
                try await writer.write("some")
                throw Secretive(password: "hunter2")
            }
        },
        Route(.get, "/short") { _ in .stream(length: 10) { writer in try await writer.write("12345") } },
        Route(.get, "/loop") { request in
            let before = request.connection.loop.isCurrent
            await Task.yield()
            try await request.connection.loop.sleep(for: .milliseconds(1))
            return Response(Bytes("\(before) \(request.connection.loop.isCurrent)"), type: "text/plain")
        },
        Route(.get, "/evil") { _ in Response(fields: ["location": "/x\r\nset-cookie: a=b"]) },
    ]

    struct Secretive: Error { let password: String }
}
