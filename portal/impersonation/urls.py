from django.urls import path

from portal.impersonation import views

urlpatterns = [
    path("carrier/customers/", views.customers, name="customers"),
    path("carrier/customers/<uuid:code>/", views.customer, name="customer"),
    path("carrier/customers/<uuid:code>/visit/", views.visit, name="visit"),
    path("carrier/visit/end/", views.visit_end, name="visit_end"),
    path("visits/", views.visits, name="visits"),
    path("visits/permission/", views.visit_permission, name="visit_permission"),
]
