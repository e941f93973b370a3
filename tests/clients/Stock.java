// What every program on the JDK's own HTTP client does: it offers h2c with its first request.
// Usage: java Stock.java URL KEY. One line for each answer: its status and its body.

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.List;

class Stock {
    public static void main(String[] arguments) throws Exception {
        var url = arguments[0];
        var generations = URI.create(url + "/v1/images/generations");
        var wrong = "{\"prompt\": \"a cat\", \"n\": 0}";
        var chunks = List.of("{\"prompt\": \"a cat\",".getBytes(), " \"n\": 0}".getBytes());
        var requests = List.of(
            HttpRequest.newBuilder(generations).POST(BodyPublishers.ofString(wrong)),
            HttpRequest.newBuilder(generations).POST(BodyPublishers.ofByteArrays(chunks)),
            HttpRequest.newBuilder(generations).POST(BodyPublishers.ofString(wrong))
                .expectContinue(true),
            HttpRequest.newBuilder(generations)
                .POST(BodyPublishers.ofString("{\"prompt\": \"" + "x".repeat(40_000) + "\"}")),
            HttpRequest.newBuilder(URI.create(url + "/healthz")),
            HttpRequest.newBuilder(URI.create(url + "/healthz"))
                .method("HEAD", BodyPublishers.noBody()));
        var shared = HttpClient.newHttpClient();
        for (var request : requests) {
            for (var client : List.of(HttpClient.newHttpClient(), shared)) {
                var built = request.copy().header("Authorization", "Bearer " + arguments[1])
                    .header("Content-Type", "application/json").build();
                var answer = client.send(built, BodyHandlers.ofString());
                System.out.println(answer.statusCode() + " " + answer.body());
            }
        }
        System.exit(0);
    }
}
