import Base
@testable import HTTPServer
import Reactor
import Wire

/// The routes that the request suite asks.
enum TestRoutes {
    static let all: [Route] = [
        Route(.get, "/", .open) { _ in .json(#"{"hello":"world"}"#) },
        Route(.get, "/empty", .open) { _ in Response(status: .noContent) },
        Route(.get, "/unchanged", .open) { _ in
            Response(status: .notModified, fields: ["etag": "\"1\""], body: .bytes("not sent"))
        },
        Route(.get, "/users/{id:int}", .open) { request in
            Response(Bytes("\(request.parameters.integer("id"))"), type: "text/plain")
        },
        Route(.get, "/names/{name}", .open) { request in
            Response(Bytes(request.parameters["name"]), type: "text/plain")
        },
        Route(.delete, "/names/{name}", .open) { _ in Response(status: .accepted) },
        Route(.get, "/files/{path...}", .open) { request in
            Response(Bytes(request.parameters["path"]), type: "text/plain")
        },
        Route(.get, "/query", .open) { request in
            Response(Bytes(request.queryItem("q") ?? "nothing"), type: "text/plain")
        },
        Route(.get, "/fields", .open) { request in
            Response(Bytes(request.fields["x-echo"] ?? "nothing"), type: "text/plain")
        },
        Route(.post, "/echo", .open) { request in
            Response(try await request.body.collect(max: 64 << 20), type: "application/octet-stream")
        },
        Route(.post, "/length", .open) { request in
            Response(Bytes("\(request.body.length.map(String.init) ?? "unknown")"), type: "text/plain")
        },
        Route(.post, "/ignore", .open) { _ in Response(Bytes("ignored"), type: "text/plain") },
        Route(.post, "/stream", .open) { request in
            .stream { writer in
                for try await part in request.body.parts { try await writer.write(part) }
                await writer.setTrailers(["x-end": "yes"])
            }
        },
        Route(.post, "/trailers", .open) { request in
            _ = try await request.body.collect(max: 1 << 20)
            return Response(Bytes(await request.body.trailers()["x-sum"] ?? "none"), type: "text/plain")
        },
        Route(.get, "/parts/{count:int}", .open) { request in
            let count = request.parameters.integer("count")
            return .stream(fields: ["content-type": "text/plain"]) { writer in
                for index in 0..<count { try await writer.write(Bytes("part \(index);")) }
            }
        },
        Route(.get, "/announced", .open) { _ in
            .stream(length: 10) { writer in
                try await writer.write("01234")
                try await writer.write("56789")
            }
        },
        Route(.get, "/large/{size:int}", .open) { request in
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
        Route(.get, "/throws/{kind}", .open) { request in
            switch request.parameters["kind"] {
            case "api":
                throw APIError(
                    .conflict, "It is there already", details: ["id": 7], fields: ["retry-after": "3"])
            case "cancelled": throw CancellationError()
            default: throw Secretive(password: "hunter2")
            }
        },
        Route(.get, "/breaks", .open) { _ in
            .stream { writer in
                try await writer.write("some")
                throw Secretive(password: "hunter2")
            }
        },
        Route(.get, "/short", .open) { _ in .stream(length: 10) { writer in try await writer.write("12345") }
        },
        Route(.get, "/loop", .open) { request in
            let before = request.connection.loop.isCurrent
            await Task.yield()
            try await request.connection.loop.sleep(for: .milliseconds(1))
            return Response(Bytes("\(before) \(request.connection.loop.isCurrent)"), type: "text/plain")
        },
        Route(.get, "/evil", .open) { _ in Response(fields: ["location": "/x\r\nset-cookie: a=b"]) },
    ]

    struct Secretive: Error { let password: String }
}
