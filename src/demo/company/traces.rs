//! The exceptions that the back ends throw: long enough to look real, short enough to read.

use super::random::Random;

/// The frames below any controller, as Tomcat and Spring leave them.
const JAVA_FRAMES: &str = "\
\tat java.base/jdk.internal.reflect.DirectMethodHandleAccessor.invoke(DirectMethodHandleAccessor.java:103)
\tat java.base/java.lang.reflect.Method.invoke(Method.java:580)
\tat org.springframework.web.method.support.InvocableHandlerMethod.doInvoke(InvocableHandlerMethod.java:258)
\tat org.springframework.web.servlet.mvc.method.annotation.ServletInvocableHandlerMethod.invokeAndHandle(ServletInvocableHandlerMethod.java:118)
\tat org.springframework.web.servlet.DispatcherServlet.doDispatch(DispatcherServlet.java:1089)
\tat org.springframework.web.servlet.FrameworkServlet.service(FrameworkServlet.java:885)
\tat jakarta.servlet.http.HttpServlet.service(HttpServlet.java:658)
\tat org.apache.catalina.core.ApplicationFilterChain.doFilter(ApplicationFilterChain.java:138)
\tat org.apache.coyote.http11.Http11Processor.service(Http11Processor.java:397)
\tat org.apache.tomcat.util.net.NioEndpoint$SocketProcessor.doRun(NioEndpoint.java:1740)
\tat java.base/java.lang.Thread.run(Thread.java:1583)
";

const DOTNET_FRAMES: &str = "
   at Acme.Mes.Api.Controllers.JobsController.GetAsync(Int64 id, CancellationToken cancel) in /src/Api/Controllers/JobsController.cs:line 41
   at Microsoft.AspNetCore.Mvc.Infrastructure.ActionMethodExecutor.TaskOfIActionResultExecutor.Execute(ActionContext actionContext, IActionResultTypeMapper mapper, ObjectMethodExecutor executor, Object controller, Object[] arguments)
   at Microsoft.AspNetCore.Mvc.Infrastructure.ControllerActionInvoker.<InvokeNextActionFilterAsync>g__Awaited|10_0(ControllerActionInvoker invoker, Task lastTask, State next, Scope scope, Object state, Boolean isCompleted)
   at Microsoft.AspNetCore.Routing.EndpointMiddleware.<Invoke>g__AwaitRequestTask|7_0(Endpoint endpoint, Task requestTask, ILogger logger)
   at Microsoft.AspNetCore.Diagnostics.ExceptionHandlerMiddlewareImpl.<Invoke>g__Awaited|10_0(ExceptionHandlerMiddlewareImpl middleware, HttpContext context, Task task)";

/// What a Spring Boot application prints below its line; each line ended. `package` is the application's own.
pub fn java(package: &str, random: &mut Random) -> String {
    let (outer, frame, cause, cause_frame) = random.pick(&[
        (
            "org.springframework.dao.DataAccessResourceFailureException: Unable to acquire JDBC Connection",
            "orders.OrderRepository.find(OrderRepository.java:57)",
            "java.sql.SQLTransientConnectionException: HikariPool-1 - Connection is not available, request timed out after 5000ms",
            "com.zaxxer.hikari.pool.HikariPool.createTimeoutException(HikariPool.java:686)",
        ),
        (
            "org.springframework.web.client.ResourceAccessException: I/O error on POST request for \"http://pricing:8090/quote\": Read timed out",
            "pricing.PricingClient.quote(PricingClient.java:33)",
            "java.net.SocketTimeoutException: Read timed out",
            "java.base/sun.nio.ch.NioSocketImpl.timedRead(NioSocketImpl.java:278)",
        ),
        (
            "java.lang.IllegalStateException: model has no printable shell",
            "models.ModelService.slice(ModelService.java:121)",
            "java.lang.NullPointerException: Cannot invoke \"Mesh.faces()\" because \"mesh\" is null",
            "models.MeshReader.read(MeshReader.java:88)",
        ),
    ]);
    let cause_frame = if cause_frame.starts_with("models.") {
        format!("{package}.{cause_frame}")
    } else {
        cause_frame.to_owned()
    };
    format!(
        "{outer}\n\tat {package}.{frame}\n{JAVA_FRAMES}Caused by: {cause}\n\tat {cause_frame}\n\t... 11 common frames omitted\n"
    )
}

/// The body of an ASP.NET Core event with an exception, not yet indented.
pub fn dotnet(random: &mut Random) -> String {
    let exception = random.pick(&[
        "System.InvalidOperationException: Sequence contains no elements\n   at System.Linq.ThrowHelper.ThrowNoElementsException()",
        "System.TimeoutException: The operation has timed out.\n   at Acme.Mes.Production.PrinterGateway.SendAsync(Int32 printer, ReadOnlyMemory`1 command)",
        "Npgsql.NpgsqlException (0x80004005): Exception while reading from stream\n ---> System.TimeoutException: Timeout during reading attempt\n   at Npgsql.Internal.NpgsqlReadBuffer.<Ensure>g__EnsureLong|55_0(NpgsqlReadBuffer buffer, Int32 count, Boolean async, Boolean readingNotifications)\n   --- End of inner exception stack trace ---",
    ]);
    format!("An unhandled exception has occurred while executing the request.\n{exception}{DOTNET_FRAMES}")
}
